"""What schemathesis does not know of itself: an archive is sent as any other bytes are."""

import schemathesis

schemathesis.serializer.alias("application/x-tar", "application/octet-stream")
