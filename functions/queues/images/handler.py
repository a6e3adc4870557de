"""Images: what products name by address, and what was uploaded, becomes renditions of ours."""

from wecelebrate import images, jobs
from wecelebrate.core.queue import consume

handler = consume(jobs.worker("image_processing", images.work))
