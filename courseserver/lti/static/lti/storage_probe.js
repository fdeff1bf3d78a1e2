// A platform may keep data without having said so at login: ask, and go on where it does.
import { storageOffered } from "./storage.js";

if (window.parent !== window) {
  const address = new URL(location.href);
  address.searchParams.set("storage", await storageOffered());
  location.replace(address);
}
