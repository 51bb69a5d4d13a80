package notebook

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// parts makes a notebook of alternating text cells and code cells; a code cell begins with "go:".
func parts(t *testing.T, cells ...string) *Document {
	t.Helper()
	var list []map[string]any
	n := 0
	for _, c := range cells {
		if code, ok := strings.CutPrefix(c, "go:"); ok {
			n++
			list = append(list, map[string]any{"cell_type": "code", "source": code, "execution_count": n, "outputs": []any{}, "metadata": map[string]any{}})
			continue
		}
		list = append(list, map[string]any{"cell_type": "markdown", "source": strings.SplitAfter(c, "\n"), "metadata": map[string]any{}})
	}
	data, err := json.Marshal(map[string]any{"nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{}, "cells": list})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	d.Name, d.Path = "n.ipynb", "n.ipynb"
	return d
}

const (
	imports = "go:import (\n\t\"fmt\"\n\n\t\"github.com/ciokit/cio/kit/show\"\n)"
	verify  = "go:%%\nshow.Verify(show.Equal(\"a\", 1, 1))"
	chart   = "go:%%\nshow.Bar{Counts: map[string]int{\"a\": 1}}.Show()"
)

func TestRules(t *testing.T) {
	good := []string{"# Title\ntext\n```\n# no heading\n```", imports, "text", "go:var a, b = 1, 2\n\nfunc f() {}\n\n%%\nf()", "text", verify, "text", chart, "text"}
	with := func(place int, cells ...string) []string {
		out := append([]string{}, good[:place]...)
		return append(append(out, cells...), good[place:]...)
	}
	long := "go:%%\n" + strings.Repeat("f()\n", MaxLines-1) + "f()"
	wide := "go:%%\n_ = \"" + strings.Repeat("ü", MaxColumns-6) + "\""
	for _, test := range []struct {
		name  string
		cells []string
		want  string // the only problem; empty for none
	}{
		{"good", good, ""},
		{"widest", with(4, "text", wide), ""},
		{"longest", with(4, "text", strings.TrimSuffix(long, "\nf()")), ""},
		{"a second title", with(8, "# Another\ntext"), "n.ipynb: a second heading of the first level"},
		{"no title", append([]string{"## Title"}, good[1:]...), "n.ipynb: no heading of the first level"},
		{"no text before", with(4, chart), "n.ipynb[cell 3]:1: no text before the cell"},
		{"empty text before", with(4, " \n", chart), "n.ipynb[cell 3]:1: no text before the cell"},
		{"no text at the end", good[:len(good)-1], "n.ipynb: no text at the end"},
		{"import later", with(4, "text", "go:import \"os\"\n\n%%\nos.Exit(0)"), "n.ipynb[cell 3]:1: an import"},
		{"no imports first", append([]string{good[0], "go:var c = 1", "text"}, good[3:]...), "n.ipynb[cell 1]:1: the first code cell does not begin with the imports"},
		{"too long", with(4, "text", long), fmt.Sprintf("n.ipynb[cell 3]:%d: %d lines in a cell", MaxLines+1, MaxLines+1)},
		{"too wide", with(4, "text", strings.TrimSuffix(wide, "\"")+"ü\""), "n.ipynb[cell 3]:2: a line of 90 characters"},
		{"tabs are wide", with(4, "text", "go:%%\n{\n\t"+strings.Repeat("a", MaxColumns-5)+"()\n}"), "n.ipynb[cell 3]:3: a line of 90 characters"},
		{"init_", with(4, "text", "go:func init_x() {}"), "n.ipynb[cell 3]:1: init_x runs in every later cell"},
		{"init", with(4, "text", "go:\nfunc init() {}"), "n.ipynb[cell 3]:2: init runs in every later cell"},
		{"declared twice", with(4, "text", "go:\n\nvar c, b = 1, 2"), "n.ipynb[cell 3]:3: b is already declared in cell 2"},
		{"function declared twice", with(4, "text", "go:func f() {}"), "n.ipynb[cell 3]:1: f is already declared in cell 2"},
		{"methods are not", with(4, "text", "go:type t int\n\nfunc (t) f() {}"), ""},
		{"locals are not", with(4, "text", "go:%%\na := 3\n_ = a"), ""},
		{"magic", with(4, "text", "go:%env A=b\n%%\nf()"), `n.ipynb[cell 3]:1: the line "%env A=b"`},
		{"a % in text", with(4, "text", "go:const s = `\n %d`"), ""},
		{"two ways out", with(4, "text", "go:%%\nfmt.Println(1)\nshow.Text(\"x\")"), "n.ipynb[cell 3]:1: fmt.Println together with package show"},
		{"Sprintf does not help", with(4, "text", "go:%%\nshow.Text(fmt.Sprint(1))"), ""},
		{"no verification", append(append([]string{}, good[:5]...), good[7:]...), "n.ipynb: no show.Verify in the last 3 cells"},
		{"no chart", append(append([]string{}, good[:7]...), good[8]), "n.ipynb: no chart in the last 3 cells"},
		{"too early", append(append([]string{}, good...), "go:%%\nf()", "t", "go:%%\nf()", "t"), "n.ipynb: no show.Verify in the last 3 cells"},
		{"not Go", with(4, "text", "go:var d = 1\n\n%%\nif {"), "n.ipynb[cell 3]:4: "},
		{"declarations that are not Go", with(4, "text", "go:var = 1"), "n.ipynb[cell 3]:1: "},
	} {
		problems := parts(t, test.cells...).Check()
		switch {
		case test.want == "" && len(problems) > 0:
			t.Errorf("%s: %v", test.name, problems)
		case test.want != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0].String(), test.want)):
			t.Errorf("%s: %v, want one that begins with %s", test.name, problems, test.want)
		}
	}
}

func TestRulesOfSavedOutputs(t *testing.T) {
	stream := func(name, text string) Output { return Output{Type: "stream", Stream: name, Text: text} }
	for _, test := range []struct {
		name    string
		count   int
		outputs []Output
		want    string
	}{
		{"good", 2, []Output{stream("stdout", "hello\n")}, ""},
		{"never run", 0, nil, "execution count 0 instead of 2"},
		{"run out of order", 7, nil, "execution count 7 instead of 2"},
		{"an error", 2, []Output{{Type: "error", Text: "undefined: x"}}, "saved with a failure: undefined: x"},
		{"an exit status", 2, []Output{stream("stdout", "a\n"), stream("stderr", "does not hold\nexit status 1\n")}, "saved with a failure: does not hold\nexit status 1"},
		{"a panic", 2, []Output{stream("stderr", "panic: x\nexit status 2\n")}, "saved with a failure: panic: x"},
		{"an interrupt", 2, []Output{stream("stderr", "^C\nsignal: interrupt\n")}, "saved with a failure"},
		{"words that look like it", 2, []Output{stream("stdout", "exit status 1\n")}, ""},
		{"a warning", 2, []Output{stream("stderr", "a warning\n")}, "saved with output on standard error: a warning"},
	} {
		d := parts(t, "# T", imports, "t", "go:var a = 1", "t", verify, "t", chart, "t")
		d.Cells[3].Count, d.Cells[3].Outputs = test.count, test.outputs
		problems := d.Check()
		if test.want == "" && len(problems) > 0 {
			t.Errorf("%s: %v", test.name, problems)
		} else if test.want != "" && (len(problems) == 0 || !strings.Contains(problems[0].String(), "n.ipynb[cell 2]:1: ") || !strings.Contains(problems[0].What, test.want)) {
			t.Errorf("%s: %v, want %s", test.name, problems, test.want)
		}
	}
}
