"""Payment statistics (thống kê thanh toán)."""
