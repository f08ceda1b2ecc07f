"""Loudspeakers of communes, by way of the source information system (hệ thống thông tin nguồn)."""
