"""Rate limits of single views: 429 beyond so many requests a minute by one person."""

import ipaddress
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

import django_fast_ratelimit as ratelimit
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from assignments.views.problem_details import is_api_request, problem

View = Callable[..., HttpResponseBase]


def at_most(rate: str, *, of: str, counts_failures: bool = False) -> Callable[[View], View]:
    """Respond with 429 beyond the rate, such as "30/m", per person or, before sign-in, IP address.

    Counted by all web processes together, in the shared cache.

    :param of: the group of views that are counted together
    :param counts_failures: whether only responses with a status of 400 or more count
    """
    before = ratelimit.Action.PEEK if counts_failures else ratelimit.Action.INCREASE

    def decorated(view: View) -> View:
        def is_beyond(request: HttpRequest, action: ratelimit.Action) -> bool:
            key = _requester(request).encode()
            used = ratelimit.get_ratelimit(
                group=of, key=key, rate=rate, request=request, action=action
            )
            is_next_counted = action == ratelimit.Action.PEEK
            return bool(used.count + is_next_counted > used.limit)

        @wraps(view)
        def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if is_beyond(request, before):
                return _slow_down(request)
            has_failed = True
            try:
                response = view(request, *args, **kwargs)
                has_failed = response.status_code >= HTTPStatus.BAD_REQUEST
            finally:
                if counts_failures and has_failed:
                    is_beyond(request, ratelimit.Action.INCREASE)
            return response

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
    return f"address/{_network(request.META.get('REMOTE_ADDR', ''))}"


def _network(address: str) -> str:
    """Return an IPv4 address as it is, and the 64 bits of an IPv6 network, which one client has."""
    try:
        network = ipaddress.IPv6Network((address, 64), strict=False)
    except ValueError:
        return address
    return str(network)
