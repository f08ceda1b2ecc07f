"""Peers: the same three tallies by other stream processors, for the hub to be measured against.

Each reads the topics of `bench.topic` as its users would after its own documentation, and keeps
in PostgreSQL, by upserts, while it runs:

- `tally_received(unit, day, n)`: dossiers received, by unit and local day;
- `tally_amount(area, period, amount)`: đồng paid, by area and period;
- `tally_salinity(station, day, greatest)`: the greatest good value, by station and local day.

Repeats count again and corrections like any other event: no peer is asked for more, and `cannot`
says of each what the hub does beyond it. `run.PEERS` are the peers, `run.measure` measures one;
`python -m bench.peers EVENTS [NAME ...]` measures all, or those that are named.
"""
