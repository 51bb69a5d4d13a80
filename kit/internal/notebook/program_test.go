package notebook

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/sandbox"
)

var root = filepath.Join("..", "..", "..")

// TestRun runs cells that succeed and cells that fail, in one build, and checks the result of each.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it builds a program")
	}
	d := parts(t, "# T",
		"go:import (\n\t\"context\"\n\t\"fmt\"\n\t\"os\"\n\n\tcustomerio \"github.com/ciokit/cio\"\n\t\"github.com/ciokit/cio/kit/sandbox\"\n\t\"github.com/ciokit/cio/kit/show\"\n)",
		"go:var ws = sandbox.Open()\n\nvar count int\n\n%%\ncount++\nfmt.Println(count, ws)",
		"go:%%\ncount++\nfmt.Println(count)",
		"go:%%\nclient := show.Must(customerio.NewClient(ws.Config()))\nerr := client.Send(ws.Context(), customerio.Identify{UserID: ws.ID(\"ann\")})\nshow.Accepted(err)",
		"go:%%\nshow.Text(\"%d, and %q\", ws.Stats().People, ws.Person(\"ann\").ID)",
		"go:func deep() {\n\tpanic(\"too deep\")\n}\n\n%%\nfmt.Println(\"before\")\ndeep()",
		"go:%%\nshow.Verify(show.Equal(\"people\", ws.Stats().People, 2))",
		"go:%%\nfmt.Println(cmp())\n\nfunc() { os.Exit(3) }()",
		"go:func cmp() int { return 7 }",
		"go:!echo from the shell\n!exit 4\n%%\nfmt.Println(\"never\")",
		"go:!echo from the shell\n%%\nfmt.Println(\"and from Go\")",
		"go:%%\nctx := ws.Context()\nclient := show.Must(customerio.NewClient(ws.Config()))\nshow.Accepted(client.Send(context.Background(), customerio.Identify{UserID: ws.ID(\"bob\")}))\n<-ctx.Done()\nos.Exit(5)",
		"go:%%\nfmt.Println(\"done\")\nprintln(\"a warning\")",
	)
	d.Path = filepath.Join(t.TempDir(), d.Name)
	program, err := Build(t.Context(), root, []*Document{d})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	host, err := StartHost(HostConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	for i, want := range []struct{ out, failed string }{
		{"", ""},
		{"1 Messages go to an emulator of Customer.io on this machine. Nothing leaves it.\n", ""},
		{"1\n", ""}, // values do not remain
		{"Accepted.\n", ""},
		{"1, and \"ann\"\n", ""}, // the workspace does remain
		{"before\n", "n.ipynb[cell 6]:2: exit status 2\npanic: too deep"},
		{"what    expected  found  holds\n------  --------  -----  -----\npeople         2      1  no\n", "n.ipynb[cell 7]:1: exit status 1\ndoes not hold: people: found 1, expected 2"},
		{"7\n", "n.ipynb[cell 8]:1: exit status 3"},
		{"", ""},
		{"from the shell\n", "n.ipynb[cell 10]:2: exit status 4"},
		{"from the shell\nand from Go\n", ""},
		12: {"done\n", "n.ipynb[cell 13]:1: writes to standard error\na warning"},
	} {
		if i == 11 {
			continue // interruptCell runs it
		}
		out, err := program.Run(t.Context(), d, d.CodeCells()[i], host.Env())
		if out != want.out {
			t.Errorf("cell %d: printed %q, want %q", i+1, out, want.out)
		}
		var failed *Failed
		if want.failed == "" && err != nil || want.failed != "" && (!errors.As(err, &failed) || !strings.HasPrefix(err.Error(), want.failed)) {
			t.Errorf("cell %d: %v, want %q", i+1, err, want.failed)
		}
	}
	interruptCell(t, program, d, host)
}

// interruptCell interrupts the last cell in its middle: it ends in its own way, and what it and the other cells made still exists.
func interruptCell(t *testing.T, program *Program, d *Document, host *Host) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan error, 1)
	go func() {
		_, err := program.Run(ctx, d, d.CodeCells()[11], host.Env())
		ended <- err
	}()
	srv := host.emulator.server.Handler.(*emulator.Server)
	err := srv.Wait(t.Context(), sandbox.Key, func() bool {
		stats, err := srv.Stats(sandbox.Key)
		return err == nil && stats.People == 2
	})
	if err != nil {
		t.Fatal(err)
	}
	interrupt()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "exit status 5") {
		t.Errorf("an interrupted cell: %v", err)
	}
	out, err := program.Run(t.Context(), d, d.CodeCells()[4], host.Env())
	if err != nil || out != "2, and \"ann\"\n" {
		t.Errorf("after an interrupt: %q, %v", out, err)
	}
}

func TestBuildNamesTheCell(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it runs the compiler")
	}
	d := parts(t, "# T", "go:import \"fmt\"", "go:func f() int {\n\treturn 1\n}\n\n%%\nfmt.Println(f())", "go:var s string = f()\n\n%%\nunused := 1\n\nfmt.Println(nope)")
	_, err := Build(t.Context(), root, []*Document{d})
	if err == nil {
		t.Fatal("built what is wrong")
	}
	for _, want := range []string{"n.ipynb[cell 3]:1: cannot use f()", "n.ipynb[cell 3]:4: declared and not used: unused", "n.ipynb[cell 3]:6: undefined: nope"} {
		if !strings.Contains("\n"+err.Error(), "\n"+want) {
			t.Errorf("it says\n%v\nwithout %s", err, want)
		}
	}
}

func TestNoNotebookIsAnError(t *testing.T) {
	if docs, err := ReadDir(t.TempDir()); err == nil {
		t.Errorf("read %d notebooks from an empty directory", len(docs))
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		``:                              "not a notebook",
		`[]`:                            "not a notebook",
		`{"nbformat": 3}`:               "format 3",
		`{"nbformat": 4, "cells": [1]}`: "not a notebook",
		`{"nbformat": 4, "cells": [{"cell_type":"code","source":"","outputs":[{"data":{"text/plain":1}}]}]}`: "cell 1",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.ipynb")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"nbformat":4,"cells":[{"cell_type":"code","source":["%%\n","f()"],"metadata":{"tags":["data"]},"execution_count":1,"outputs":[{"output_type":"stream","name":"stdout","text":"x"}]},{"cell_type":"markdown","source":"# T"}]}`))
	f.Add([]byte(`{"nbformat":4,"cells":[{"cell_type":"code","source":"import (\n\"a/v2\"\n)\nvar x = 1\n!ls\n%%\nx.y()"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		d.Check()
		for _, c := range d.CodeCells() {
			parsed := takeApart(c.Source)
			if blank := withoutImports(parsed.decls); strings.Count(blank, "\n") != strings.Count(parsed.decls, "\n") {
				t.Errorf("%q: other lines without its imports: %q", parsed.decls, blank)
			}
		}
		d.TakeOutputs(d, true)
	})
}

func TestTakeOutputs(t *testing.T) {
	output := func(text, picture string) []map[string]any {
		return []map[string]any{{"output_type": "display_data", "metadata": map[string]any{}, "data": map[string]any{"text/plain": text, "image/png": picture}}}
	}
	file := func(outputs ...[]map[string]any) *Document {
		var cells []map[string]any
		for i, o := range outputs {
			cells = append(cells, map[string]any{"cell_type": "code", "source": []string{"%%\n", "f<>()"}, "execution_count": 10 + i, "outputs": o, "metadata": map[string]any{}})
		}
		data, err := json.Marshal(map[string]any{"nbformat": 4, "cells": cells})
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	saved, run := file(output("same", "old"), output("before", "old")), file(output("same", "new"), output("after", "new"))
	text, err := saved.TakeOutputs(run, false)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Cells[0].Text() + d.Cells[1].Text(); got != "sameafter" {
		t.Errorf("texts %q", got)
	}
	if s := string(text); strings.Count(s, `"old"`) != 1 || strings.Count(s, `"new"`) != 1 || !strings.Contains(s, "f<>()") {
		t.Errorf("pictures or source: %s", s)
	}
	if d.Cells[0].Count != 1 || d.Cells[1].Count != 2 {
		t.Errorf("counts %d and %d", d.Cells[0].Count, d.Cells[1].Count)
	}
	again, err := d.TakeOutputs(run, false)
	if err != nil || string(again) != string(text) {
		t.Errorf("the same run again changes the file: %v", err)
	}
	if _, err := saved.TakeOutputs(file(output("one", "")), false); err == nil {
		t.Error("took the outputs of a notebook with other cells")
	}
}

// A separate kernel sees nothing of another's.
func TestHostsAreApart(t *testing.T) {
	one, err := StartHost(HostConfig{Headless: true})
	if err != nil {
		t.Fatal(err)
	}
	two, err := StartHost(HostConfig{})
	if err != nil {
		t.Fatal(err)
	}
	get := func(h *Host, name string) string {
		for _, v := range h.Env() {
			if value, found := strings.CutPrefix(v, name+"="); found {
				return value
			}
		}
		return ""
	}
	if get(one, sandbox.EmulatorEnv) == get(two, sandbox.EmulatorEnv) || one.Files() == two.Files() {
		t.Error("they share an emulator or a directory")
	}
	if get(two, sandbox.RecorderEnv) != "" {
		t.Error("it knows of a real workspace that is not there")
	}
	if err := errors.Join(one.Close(), two.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(one.Files()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the files are left: %v", err)
	}
}
