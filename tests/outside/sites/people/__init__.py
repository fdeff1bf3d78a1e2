"""The part of Open edX's user accounts that its LTI consumer looks at."""
