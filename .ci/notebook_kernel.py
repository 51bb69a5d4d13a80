"""Drives the kernel as Jupyter does: what a cell makes is there for the next, an interrupt ends a cell and nothing else, and a kernel that is
killed takes GoNB and the emulator along. The kernel's description is in $JUPYTER_DATA_DIR."""
import glob
import os
import queue
import signal
import sys
import time
import urllib.request

from jupyter_client.manager import KernelManager

SETUP = """import (
	"context"
	"fmt"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/sandbox"
	"github.com/ciokit/cio/kit/show"
)

var (
	ws     = sandbox.Open()
	client = show.Must(cio.NewClient(ws.Config()))
)"""
SEND = '%%\nshow.Accepted(client.Send(context.Background(), cio.Identify{UserID: "ann"}))'
WAIT = '%%\nctx := ws.Context()\nshow.Text("waiting")\n<-ctx.Done()\nshow.Text("interrupted")'
LOOK = '%%\nfmt.Println(ws.Stats().People, ws.Page())'


def said(client, seconds):
    """The text of the next output, None when the cell has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            return content["text"]
        if kind == "display_data":
            return content["data"]["text/plain"]
        if kind == "error":
            sys.exit("the cell failed: %s" % content["evalue"])
        if kind == "status" and content["execution_state"] == "idle":
            return None
    sys.exit("nothing was heard of the cell for %d s" % seconds)


def run(client, code, on_output=None):
    client.execute(code)
    text = ""
    while (part := said(client, 120)) is not None:
        text += part
        if on_output:
            on_output(part)
    return text


def expect(what, got, want):
    if got != want:
        sys.exit("%s: %r, want %r" % (what, got, want))
    print("  %s" % what)


def of_kernel(connection):
    """The processes that were started for the kernel's connection file."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as f:
                if connection.encode() in f.read() and int(path.split("/")[2]) != os.getpid():
                    found.append(int(path.split("/")[2]))
        except OSError:
            pass
    return found


manager = KernelManager(kernel_name="ciokit")
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=120)
while True:  # what the start itself has to say
    try:
        client.get_iopub_msg(timeout=0.2)
    except queue.Empty:
        break

expect("declarations alone", run(client, SETUP), "")
expect("a message is accepted", run(client, SEND), "Accepted.\n")
expect("an interrupt ends a cell", run(client, WAIT, lambda text: text == "waiting\n" and manager.interrupt_kernel()), "waiting\ninterrupted\n")
people, page = run(client, LOOK).split()
expect("the emulator outlives an interrupt", people, "1")

processes = of_kernel(manager.connection_file)
if len(processes) != 2:
    sys.exit("expected the kernel and GoNB, found the processes %s" % processes)
os.kill(min(processes), signal.SIGKILL)
end = time.monotonic() + 10
while (left := of_kernel(manager.connection_file)) and time.monotonic() < end:
    manager.is_alive()  # collects the one that was killed
    time.sleep(0.05)
expect("what is left of a kernel that was killed", left, [])
try:
    urllib.request.urlopen(page, timeout=2)
    sys.exit("the emulator outlives its kernel")
except OSError:
    print("  its emulator is gone")
client.stop_channels()
