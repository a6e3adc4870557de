"""The problem that replaces a stored response about an erased person."""

from wecelebrate.core.errors import Problem


class Erased(Problem):
    """The data of the person in this response were erased.

    The request was repeated with its idempotency key. It had its effect before, but the response contained data of a
    person, and these data were erased meanwhile.

    Do not repeat the request. `GET /v1/orders/{order_id}` returns the order without the data of the person.
    """

    status = 410
    code = "erased"
