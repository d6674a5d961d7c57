"""Celery, the engine for several machines; loaded only when CELERY_BROKER_URL is set."""

from celery import Celery
from django.conf import settings

# A socket that hangs must not hold up the schedule for longer than a lease lasts.
TIMEOUTS = {"socket_connect_timeout": 5, "socket_timeout": 10, "socket_keepalive": True}
IS_REDIS = settings.CELERY_BROKER_URL.startswith("redis")

app = Celery("desk")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    # The next tick of the schedule is the retry.
    broker_transport_options={"max_retries": 0, **(TIMEOUTS if IS_REDIS else {})},
    task_publish_retry=False,
    # A message that nobody took in time is stale: the schedule has sent another since.
    task_annotations={"*": {"expires": 30}},
    task_default_queue="default",
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # Acknowledged as it starts: a delivery may take hours, and if it is lost the rows tell of it.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    # What runs goes on while the broker is away: this cancels late acknowledged tasks, so none.
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_enable_prefetch_count_reduction=False,
    worker_consumer="dashboard.celery_consumer:PromptConsumer",
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
)
