// What is wrong with a form gets the focus, so that a screen reader begins there.
import { query } from "./dom.js";

query("#err")?.focus();
