"""What citizens report by app, hotline 1022 and portal: their source and connector."""
