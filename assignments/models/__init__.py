"""Models: tables, states and constraints."""

from assignments.models.accounts import Account, RateBudget, SyncPage, SyncRun, Worker
from assignments.models.approvals import Approval, SubmitterAddress
from assignments.models.audiences import Audience, AudienceMember
from assignments.models.batches import (
    Assignment,
    Attempt,
    Batch,
    BatchCounter,
    PlanDigestInput,
)
from assignments.models.calls import CallCount
from assignments.models.directory import Content, Learner, RemoteAssignment
from assignments.models.drafts import (
    Draft,
    DraftContent,
    DraftFile,
    DraftFileRow,
    DraftLearner,
    DraftRow,
    DraftUpload,
)
from assignments.models.exports import LogExport
from assignments.models.facets import Facet, FacetValue, LearnerFacet
from assignments.models.forwarding import LogForwarding
from assignments.models.legal_holds import LegalHold
from assignments.models.log import (
    LogEntry,
    LogHead,
    LogMacKey,
    PersonalValue,
    Verification,
)
from assignments.models.refreshes import PlanRefresh
from assignments.models.retention import LogRetention
from assignments.models.seals import LogSeal, LogTile
from assignments.models.selections import ExcludedLearner, SelectionChange
from assignments.models.sql import (  # noqa: F401  importing registers the lookups
    contains,
    in_list,
    no_index,
)

__all__ = [
    "Account",
    "Approval",
    "Assignment",
    "Attempt",
    "Audience",
    "AudienceMember",
    "Batch",
    "BatchCounter",
    "CallCount",
    "Content",
    "Draft",
    "DraftContent",
    "DraftFile",
    "DraftFileRow",
    "DraftLearner",
    "DraftRow",
    "DraftUpload",
    "ExcludedLearner",
    "Facet",
    "FacetValue",
    "Learner",
    "LearnerFacet",
    "LegalHold",
    "LogEntry",
    "LogExport",
    "LogForwarding",
    "LogHead",
    "LogMacKey",
    "LogRetention",
    "LogSeal",
    "LogTile",
    "PersonalValue",
    "PlanDigestInput",
    "PlanRefresh",
    "RateBudget",
    "RemoteAssignment",
    "SelectionChange",
    "SubmitterAddress",
    "SyncPage",
    "SyncRun",
    "Verification",
    "Worker",
]
