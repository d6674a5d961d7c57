"""Files used in a draft: each can be taken out or replaced, and nothing else changes."""

import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.models import Draft, DraftFile, DraftFileRow, DraftLearner, DraftRow, DraftUpload
from assignments.services.picking import drafts
from assignments.services.picking.uploads import draft_rows, files, used_files
from assignments.services.picking.uploads.column_detection import Columns
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.planning.own_terms import load
from tests.factories import AT, make_account, make_content, make_learner, make_user

NAMES = tuple("abcdefgh")
ITEMS = ("CRS-A", "CRS-B")
DAYS = (None, date(2027, 1, 15), date(2027, 2, 15))


def population(name):
    """Return an empty draft of an account and a user of this name, with people and two items."""
    account, owner = make_account(remote_id=name), make_user(subject=name)
    for person in NAMES:
        make_learner(account, name=person, email=f"{person}@x.example")
    for item in ITEMS:
        make_content(account, title=item, external_reference=item)
    return Draft.objects.create(account=account, owner=owner, created_at=AT, changed_at=AT)


@pytest.fixture
def draft(db):
    """Return the draft of `population`."""
    return population("alone")


@pytest.fixture(scope="module")
def shared_draft(django_db_setup, django_db_blocker):
    """Return the draft of `population` for all examples of a test; it is deleted at the end."""
    with django_db_blocker.unblock():
        draft = population("shared")
        account, owner = draft.account, draft.owner
        yield draft
        draft.delete()
        account.learners.all().delete()
        account.contents.all().delete()
        account.delete()
        owner.delete()


def use(draft, rows, *, name="people.csv", replaced=None):
    """Use a file of people, or of people, items and due dates; return what the page says of it."""
    has_items = any(len(row) > 1 for row in rows)
    heading = "Mail,Course,Due" if has_items else "Mail,Note"
    cells = [[f"{row[0]}@x.example", *(str(cell or "") for cell in row[1:])] for row in rows]
    lines = [heading, *(",".join(row) if len(row) > 1 else f"{row[0]},-" for row in cells)]
    file = io.BytesIO("\n".join(lines).encode())
    upload = files.store_file(draft=draft, file=file, name=name, now=AT)
    columns = Columns(0, 1, 2) if has_items else Columns(0)
    files.import_rows(upload=upload, columns=columns, replaced_pk=replaced, now=AT)
    return upload.result


def pick(draft, names):
    """Select people by hand."""
    people = draft.account.learners.filter(name__in=names)
    drafts.pick_matching(draft=draft, people=people, now=AT)


def picked(draft):
    """Return the names of the selected people."""
    people = DraftLearner.objects.filter(draft=draft).order_by("learner__name")
    return "".join(people.values_list("learner__name", flat=True))


def rows_of(draft):
    """Return the due dates of the rows of files by person and item."""
    rows = DraftRow.objects.filter(draft=draft)
    return {
        (name, item): due
        for name, item, due in rows.values_list("learner__name", "content__title", "due_date")
    }


PEOPLE = st.sets(st.sampled_from(NAMES), min_size=1)
PEOPLE_FILES = PEOPLE.map(lambda names: [(name,) for name in sorted(names)])
ITEM_FILES = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(ITEMS)), st.sampled_from(DAYS), min_size=1
).map(lambda rows: [(*pair, due) for pair, due in rows.items()])
STEPS = st.lists(
    st.tuples(st.just("pick"), PEOPLE)
    | st.tuples(
        st.sampled_from(["use", "remove", "replace"]),
        st.integers(0, 5),
        PEOPLE_FILES | ITEM_FILES,
    ),
    max_size=8,
)


class Model:
    """What should be in a draft: people selected by hand, and what each file brought."""

    def __init__(self):
        self.by_hand = set()
        self.files = {}

    @property
    def people(self):
        """The people who should be selected."""
        of_files = (row[0] for rows in self.files.values() for row in rows if len(row) == 1)
        return "".join(sorted(self.by_hand.union(of_files)))

    @property
    def rows(self):
        """The due date of each person and item; that of the last file counts."""
        return {row[:2]: row[2] for rows in self.files.values() for row in rows if len(row) > 1}


def take(draft, model, kind, values):
    """Take a step in the draft and in the model of it; steps without a file change nothing."""
    if kind == "pick":
        # Who is there because of a file remains so.
        model.by_hand |= values[0] - set(model.people)
        pick(draft, values[0])
        return
    number, rows = values
    chosen = list(model.files)[number] if number < len(model.files) else None
    if kind == "remove" and chosen:
        used_files.remove(draft=draft, file_pk=chosen, now=AT)
    if kind == "use" or (kind == "replace" and chosen):
        replaced = chosen if kind == "replace" else None
        model.files[use(draft, rows, replaced=replaced)["file"]] = rows
    if kind != "use":
        model.files.pop(chosen, None)


@pytest.mark.django_db
@settings(max_examples=60)
@given(steps=STEPS)
def test_a_draft_holds_what_was_picked_and_what_its_files_bring(shared_draft, steps):
    draft, model = shared_draft, Model()
    for kind, *values in steps:
        take(draft, model, kind, values)

        assert (picked(draft), rows_of(draft)) == (model.people, model.rows)
        assert [file.pk for file in used_files.files_of(draft)] == list(model.files)[::-1]

    for file_pk in model.files:
        used_files.remove(draft=draft, file_pk=file_pk, now=AT)
    assert (picked(draft), rows_of(draft)) == ("".join(sorted(model.by_hand)), {})
    assert not DraftFileRow.objects.filter(file__draft=draft).exists()
    drafts.clear_learners(draft=draft, now=AT)


def test_the_result_says_how_many_were_there_before(draft):
    pick(draft, "ab")

    first = use(draft, [("b",), ("c",), ("d",)])
    again = use(draft, [("b",), ("e",)], replaced=first["file"])

    counts = {name: first[name] for name in ("valid", "before", "both", "after")}
    assert counts == {"valid": 3, "before": 2, "both": 1, "after": 4}
    assert (again["before"], again["both"], again["after"]) == (2, 1, 3)


def test_a_file_that_cannot_be_used_replaces_nothing(draft, monkeypatch):
    first = use(draft, [("a", "CRS-A", None)])
    monkeypatch.setattr(draft_rows, "MAX_ROWS", 1)

    with pytest.raises(UploadRefused):
        use(draft, [("a", "CRS-A", None), ("b", "CRS-A", None)], replaced=first["file"])

    assert list(rows_of(draft)) == [("a", "CRS-A")]


def test_only_a_file_of_the_draft_is_taken_out(draft):
    result = use(draft, [("a",)])
    other = Draft.objects.create(
        account=draft.account, owner=draft.owner, created_at=AT, changed_at=AT
    )

    used_files.remove(draft=other, file_pk=result["file"], now=AT)
    assert picked(draft) == "a"
    used_files.remove(draft=draft, file_pk=result["file"], now=AT)
    assert (picked(draft), DraftUpload.objects.count()) == ("", 0)


def test_clearing_the_selection_forgets_files_of_people(draft):
    use(draft, [("a",)])
    with_items = use(draft, [("a", "CRS-A", None)])

    drafts.clear_learners(draft=draft, now=AT)

    assert [file.pk for file in DraftFile.objects.all()] == [with_items["file"]]
    files.remove_files(draft=draft, now=AT)
    assert (rows_of(draft), DraftFile.objects.count()) == ({}, 0)


def test_files_of_a_submitted_draft_are_deleted(draft):
    use(draft, [("a",)])
    Draft.objects.update(is_submitted=True)

    files.delete_expired(now=AT)

    assert (DraftFile.objects.count(), DraftFileRow.objects.count()) == (0, 0)


def test_removing_a_file_leaves_the_terms_that_another_file_gave_a_row(draft):
    terms = {}
    for name, progress in (("first.csv", "40"), ("second.csv", "60")):
        text = f"Mail,Course,Done\na@x.example,CRS-A,{progress}\n"
        upload = files.store_file(draft=draft, file=io.BytesIO(text.encode()), name=name, now=AT)
        files.import_rows(upload=upload, columns=Columns(0, 1, progress=2), now=AT)
        terms[name] = load(DraftRow.objects.get(draft=draft).own_terms).terms

    used_files.remove(draft=draft, file_pk=DraftFile.objects.latest("pk").pk, now=AT)

    assert terms == {"first.csv": {"progress": 40}, "second.csv": {"progress": 60}}
    assert load(DraftRow.objects.get(draft=draft).own_terms).terms == {"progress": 40}
