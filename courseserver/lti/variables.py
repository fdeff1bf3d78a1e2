"""Custom parameters that our links ask the LMS to fill in; each LMS fills those it knows.

What it leaves as `$…` counts as absent.
"""

VARIABLES = {
    "sections": "$com.instructure.User.sectionNames",
    "lms_user_id": "$Canvas.user.id",
    "lms_login": "$User.username",
    "time_zone": "$Person.address.timezone",
    # Canvas tells by it which of its frames a message comes from.
    "post_message_token": "$com.instructure.PostMessageToken",
}
# Of one link: an LMS may change the date after the link was made.
DUE = {"due": "$ResourceLink.submission.endDateTime"}
