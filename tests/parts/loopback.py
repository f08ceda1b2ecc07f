"""Requests to servers on loopback, which are asked for no certificate.

To read those that a machine trusts takes longer than an answer does, and tests ask until it is so.
"""

from functools import partial

import httpx

get = partial(httpx.get, verify=False)
post = partial(httpx.post, verify=False)
request = partial(httpx.request, verify=False)
