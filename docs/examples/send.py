"""Gửi tệp JSON tới trục dữ liệu | Send a file of JSON: HUB_URL, HUB_KEY; send.py FILE CONTRACT.

Only the standard library is needed. The key of idempotency is the file's digest: sent again after a
broken connection, it counts once.
"""

import hashlib
import os
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

body = Path(sys.argv[1]).read_bytes()
request = Request(f"{os.environ['HUB_URL']}/v1/events/{sys.argv[2]}", body)
request.add_header("Authorization", f"Bearer {os.environ['HUB_KEY']}")
request.add_header("Idempotency-Key", hashlib.sha256(body).hexdigest())
request.add_header("Content-Type", "application/json")
for wait in (1, 2, 4, 8, 16, 0):
    try:
        print(urlopen(request, timeout=60).read().decode())
        break
    except HTTPError as error:
        if error.code not in (408, 429, 503) or not wait:
            sys.exit(error.read().decode())
        time.sleep(float(error.headers.get("Retry-After", wait)))
    except URLError as error:
        if not wait:
            sys.exit(str(error))
        time.sleep(wait)
