"""The course's content, by pillar. No Django, no arithmetic beyond arranging simcore's."""
