"""Celery app, the task engine for several machines; loaded only with CELERY_BROKER_URL."""

from celery import Celery
from django.conf import settings

# Seconds. A socket that hangs must not block the schedule for longer than a sender's lease.
TIMEOUTS = {"socket_connect_timeout": 5, "socket_timeout": 10, "socket_keepalive": True}
IS_REDIS = settings.CELERY_BROKER_URL.startswith("redis")

app = Celery("desk")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    # No retries: the schedule sends the message again.
    broker_transport_options={"max_retries": 0, **(TIMEOUTS if IS_REDIS else {})},
    task_publish_retry=False,
    # Seconds. A message that no worker took in time is stale: the schedule has sent another.
    task_annotations={"*": {"expires": 30}},
    task_default_queue="default",
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # Acknowledged at the start: a delivery may take hours; if it is lost, the rows are still due.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    # Cancels only tasks with late acknowledgement, so running tasks survive a lost broker.
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_enable_prefetch_count_reduction=False,
    worker_consumer="dashboard.celery_consumer:PromptConsumer",
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
)
