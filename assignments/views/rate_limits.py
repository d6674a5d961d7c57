"""Keeps one visitor from taking everybody's time: so many requests a minute, no more."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import django_fast_ratelimit as ratelimit
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from assignments.views.problem_details import is_for_programs, problem

View = Callable[..., HttpResponseBase]


def at_most(rate: str, *, of: str) -> Callable[[View], View]:
    """Answer 429 beyond the rate, as in "30/m", for a person or, before sign-in, an address.

    Counted by all web processes together, where the settings keep what they share.
    """

    def decorated(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            used = ratelimit.get_ratelimit(
                group=of,
                key=_who(request).encode(),
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
    if is_for_programs(request):
        answer: HttpResponse = problem(429, "Too many requests", "Wait a minute, then go on.")
    else:
        answer = render(request, "429.html", status=429)
    answer["Retry-After"] = "60"
    return answer


def _who(request: HttpRequest) -> str:
    if request.user.is_authenticated:
        return f"user/{request.user.pk}"
    return f"address/{request.META.get('REMOTE_ADDR', '')}"
