"""Run built firmware and read what it prints."""
