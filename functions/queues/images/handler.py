"""Images: fetch the images of products, and render all images (fetched or uploaded) in several sizes."""

from wecelebrate import images, jobs, subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

subscriptions.connect()
handler = consume(jobs.worker("image_processing", images.work), on_dead_letter=dead_letters.record_message)
