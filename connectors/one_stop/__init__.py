"""One-stop dossiers (hệ thống thông tin một cửa)."""
