// Sends the one form of a hand-over page; without scripts its button does.
document.querySelector("form[data-hand-over]").submit();
