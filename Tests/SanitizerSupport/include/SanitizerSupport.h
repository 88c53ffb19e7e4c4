// Nothing to call: what is in this target takes effect by being linked.
#pragma once
