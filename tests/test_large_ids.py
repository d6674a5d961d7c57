"""Ids above 999 stand in pages as plain numbers: a separator would make them somebody's else."""

import pytest
from django.urls import reverse

from assignments.models import Draft, DraftLearner
from tests.factories import AT, make_account, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db


def test_people_with_large_ids_can_be_picked(client):
    account, manager = make_account(), make_user("manager")
    learner = make_learner(account=account, pk=1_234_567)
    content = make_content(account=account, pk=7_654_321)
    draft = Draft.objects.create(account=account, owner=manager, created_at=AT, changed_at=AT)
    client.force_login(manager)

    page = client.get(reverse("assign", args=[draft.pk]) + "?find=a").content.decode()
    assert 'value="1234567"' in page
    assert "1,234,567" not in page
    ticks = {"shown": "1234567", "learner": "1234567", "status": "pending"}
    client.post(reverse("assign-pick", args=[draft.pk]), ticks)
    client.post(reverse("assign-content", args=[draft.pk]), {"add": str(content.pk)})

    assert DraftLearner.objects.get().learner_id == learner.pk
    assert 'value="7654321"' in client.get(reverse("assign", args=[draft.pk])).content.decode()
