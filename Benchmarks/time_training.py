"""Times a training step of MobileNetV2-SSDLite, all layers, in PyTorch and in ours, interleaved in rounds.

    export OURS='.build/release/backbone bench ssdlite --size {size} --classes {classes} --training --batch {batch}
      --threads {threads} --random-init --stdin'
    python time_training.py --rounds 7

A step is forward, backward and SGD with momentum, for half the mean square of the outputs; batch norm is folded, as in ours.
PyTorch runs twice, as it is by default and with all tensors channels-last. The last line has the ratio to the faster one.
"""
import argparse, json, os, shlex, statistics as st, subprocess, sys, time


def worker(o):
    import torch
    import models
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    net = models.SSDLite(classes=o.classes).train()
    x = torch.rand(o.batch, 3, o.size, o.size) * 2 - 1
    if o.worker == "torch-channels-last":
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(net.parameters(), 1e-6, 0.9, weight_decay=1e-4, fused=True)

    def run():
        optimiser.zero_grad(set_to_none=True)
        if o.bf16:
            with torch.autocast("cpu", torch.bfloat16):
                outputs = net(x)
        else:
            outputs = net(x)
        sum(y.float().square().mean() / 2 for y in outputs).backward()
        optimiser.step()

    for _ in range(3):
        run()
    print("ready", flush=True)
    import resource
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            begin = time.perf_counter(); run(); times.append(time.perf_counter() - begin)
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps([min(times) * 1e3, st.median(times) * 1e3, rss / 1024]), flush=True)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--size", type=int, default=300); a.add_argument("--batch", type=int, default=16)
    a.add_argument("--classes", type=int, default=21); a.add_argument("--threads", type=int, default=2)
    a.add_argument("--rounds", type=int, default=7); a.add_argument("--steps", type=int, default=3)
    a.add_argument("--peers", default="ours,torch,torch-channels-last")
    a.add_argument("--bf16", action="store_true", help="PyTorch under autocast to bfloat16")
    a.add_argument("--worker")
    o = a.parse_args()
    if o.worker:
        return worker(o)
    cores = sorted(os.sched_getaffinity(0))[:o.threads]
    common = [f"--{name}={getattr(o, name)}" for name in ("size", "batch", "classes", "threads")]
    processes = {}
    for peer in o.peers.split(","):
        command = [sys.executable, os.path.abspath(__file__), *common, "--worker", peer] + ["--bf16"] * o.bf16
        if peer.startswith("ours"):
            # Another build of ours joins as ours-NAME through OURS_NAME.
            variable = peer.upper().replace("-", "_")
            command = shlex.split(os.environ[variable].format(
                size=o.size, batch=o.batch, classes=o.classes, threads=o.threads))
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: os.sched_setaffinity(0, cores))
        while (line := process.stdout.readline()).strip() != "ready":
            if not line:
                raise SystemExit(f"{peer} did not start")
        processes[peer] = process
    figures = {peer: [] for peer in processes}
    for _ in range(o.rounds):
        for peer, process in processes.items():
            process.stdin.write(f"{o.steps}\n"); process.stdin.flush()
            figures[peer].append(json.loads(process.stdout.readline()))
    for process in processes.values():
        process.stdin.close(); process.wait()
    medians = {peer: st.median(row[1] for row in rows) for peer, rows in figures.items()}
    for peer in sorted(medians, key=medians.get):
        rows = figures[peer]
        print(f"{peer:20s} median {medians[peer]:8.1f} ms   best {min(row[0] for row in rows):8.1f} ms   "
              f"peak RSS {rows[-1][2]:6.0f} MB")
    others = [peer for peer in medians if not peer.startswith("ours")]
    if others and "ours" in medians:
        best = min(others, key=medians.get)
        print(f"RATIO ours / {best} = {medians['ours'] / medians[best]:.3f}")


main()
