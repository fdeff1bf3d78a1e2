// Tells the platform that its registration window may close; the message holds nothing secret.
(window.opener || window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*");
