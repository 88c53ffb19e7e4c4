"""The networks that are timed: the side of their input in pixels, and what `backbone bench` calls them."""

SIZES = {"classify224": 224, "ssdlite300": 300, "ssdlite320": 320, "deeplab257": 257, "deeplab513": 513,
         "mobilenet_v1": 224, "shufflenet_1x": 224, "shufflenet_1.5x": 224, "shufflenet_2x": 224}
SHUFFLENET_GROUPS = 3
SHUFFLENET_SCALES = {"shufflenet_1x": 1, "shufflenet_1.5x": 1.5, "shufflenet_2x": 2}


def task(name):
    """What stands for {task} in the command of our program."""
    if name == "mobilenet_v1":
        return "classify --network mobilenet-v1"
    if name in SHUFFLENET_SCALES:
        return f"classify --network shufflenet --groups {SHUFFLENET_GROUPS} --width {SHUFFLENET_SCALES[name]}"
    return name.rstrip("0123456789")


if __name__ == "__main__":
    for name, size in SIZES.items():
        print(name, size)
