// A header without declarations: this target takes effect by being linked.
#pragma once
