"""Pages of the teaching staff, and the course's page for everybody."""
