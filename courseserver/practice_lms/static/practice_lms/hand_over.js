document.querySelector("form[data-hand-over]").submit();
