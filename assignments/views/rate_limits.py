"""Rate limits of single views: 429 beyond so many requests a minute by one person."""

from collections.abc import Callable
from functools import wraps

import django_fast_ratelimit as ratelimit
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from assignments.views.problem_details import is_api_request, problem

View = Callable[..., HttpResponseBase]


def at_most(rate: str, *, of: str) -> Callable[[View], View]:
    """Respond with 429 beyond the rate, such as "30/m", per person or, before sign-in, IP address.

    Counted by all web processes together, in the shared cache.

    :param of: the group of views that are counted together
    """

    def decorated(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            used = ratelimit.get_ratelimit(
                group=of,
                key=_requester(request).encode(),
                rate=rate,
                request=request,
                action=ratelimit.Action.INCREASE,
            )
            if used.request_limit == 0:
                return view(request, *args, **kwargs)
            return _slow_down(request)

        return wrapped

    return decorated


def _slow_down(request: HttpRequest) -> HttpResponse:
    if is_api_request(request):
        response: HttpResponse = problem(429, "Too many requests", "Wait a minute, then try again.")
    else:
        response = render(request, "429.html", status=429)
    response["Retry-After"] = "60"
    return response


def _requester(request: HttpRequest) -> str:
    if request.user.is_authenticated:
        return f"user/{request.user.pk}"
    return f"address/{request.META.get('REMOTE_ADDR', '')}"
