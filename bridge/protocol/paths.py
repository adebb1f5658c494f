"""Where the calls live, and the headers they carry."""

from __future__ import annotations

from typing import Final

PUBLIC_BASE_URL: Final = "https://audiocleaner.ai"

CREATE_PATH: Final = "/audio/api/v1/api-keys/separation/task/create"
GET_PATH: Final = "/audio/api/v1/api-keys/separation/task/get"

OURS: Final = "/stembridge/v1/"
"""Under this lies what only our own server has."""
HEALTH_PATH: Final = OURS + "health"
UPLOADS_PATH: Final = OURS + "uploads"
BALANCE_PATH: Final = OURS + "balance"

KEY_HEADER: Final = "api-key"
"""What the service's page says of requests in general, and what its examples send."""
KEY_HEADER_ALIAS: Final = "api_key"
"""What the table of one call says instead. We send the first; our server takes either."""

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
"""Understood by our own server only: the same key on a second create gives the first one's task
(draft-ietf-httpapi-idempotency-key-header)."""
