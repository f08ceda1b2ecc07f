"""The core of the hub: contracts, log, fold, cells, figures and the ways in and out."""
