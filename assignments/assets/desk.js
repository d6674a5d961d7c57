// Every page works without this script; each module adds one behaviour. Modules that listen for the
// same event hear it in this order.
import "./scripts/hotkeys.js";
import "./scripts/early_search.js";
import "./scripts/unsaved_ticks.js";
import "./scripts/queued_requests.js";
import "./scripts/pick_page.js";
import "./scripts/pick_only_match.js";
import "./scripts/pasted_list.js";
import "./scripts/pick_range.js";
import "./scripts/submit_once.js";
import "./scripts/saving.js";
import "./scripts/typed_terms.js";
import "./scripts/menus.js";
import "./scripts/live_parts.js";
import "./scripts/error_focus.js";
import "./scripts/combobox.js";
import "./scripts/facets.js";
