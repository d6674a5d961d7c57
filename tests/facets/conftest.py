"""Fixtures of people with facets, and of a draft to filter them in."""

import pytest

from tests.facets.people import make_draft, make_people


@pytest.fixture
def people():
    """Return five people by name."""
    return make_people()


@pytest.fixture
def draft(client):
    """Return the draft of a signed-in manager."""
    return make_draft(client)
