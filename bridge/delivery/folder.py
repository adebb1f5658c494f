"""The public functions for delivering a take: plan it, put it in place, clean up."""

from bridge.delivery.place import delivered, place
from bridge.delivery.plan import Plan, plan_delivery
from bridge.delivery.staging import discard_staging, staging_folder, sweep

__all__ = ["Plan", "delivered", "discard_staging", "place", "plan_delivery", "staging_folder", "sweep"]
