"""Tables, states and constraints: what is stored, and what can never be."""

from assignments.models import among as among
from assignments.models.accounts import Account, RequestBudget, SyncRun, Worker
from assignments.models.batches import Assignment, Attempt, Batch
from assignments.models.directory import Content, Learner, RemoteAssignment
from assignments.models.drafts import Draft, DraftContent, DraftLearner
from assignments.models.log import LogEntry, LogHead, PersonalValue, Verification

__all__ = [
    "Account",
    "Assignment",
    "Attempt",
    "Batch",
    "Content",
    "Draft",
    "DraftContent",
    "DraftLearner",
    "Learner",
    "LogEntry",
    "LogHead",
    "PersonalValue",
    "RemoteAssignment",
    "RequestBudget",
    "SyncRun",
    "Verification",
    "Worker",
]
