package show

import (
	"encoding/gob"
	"io"
	"reflect"
	"testing"
)

// kernelSide does what GoNB does at the other end of the pipes.
func kernelSide(t *testing.T, from io.Reader, to io.Writer, displays chan<- displayData) {
	dec, enc := gob.NewDecoder(from), gob.NewEncoder(to)
	defer close(displays)
	for {
		var d displayData
		if err := dec.Decode(&d); err != nil {
			if err != io.EOF {
				t.Error(err)
			}
			return
		}
		if v, ok := d.Data[mimeComm].(commValue); ok {
			if v.Address != syncAddress {
				t.Errorf("a value for %q", v.Address)
			}
			if err := enc.Encode(commValue{Address: syncAckAddress, Value: v.Value}); err != nil {
				t.Error(err)
				return
			}
			continue
		}
		displays <- d
	}
}

func TestKernelGetsAllForms(t *testing.T) {
	kernelIn, cellOut := io.Pipe()
	cellIn, kernelOut := io.Pipe()
	displays := make(chan displayData, 10)
	go kernelSide(t, kernelIn, kernelOut, displays)

	k := newGonb(cellOut, cellIn)
	for _, b := range []bundle{{text: "t\n"}, {text: "t\n", html: "<b>h</b>"}, {text: "t\n", png: []byte("png"), width: 760, id: "x"}} {
		if err := k.display(b); err != nil {
			t.Fatal(err)
		}
	}
	cellOut.Close()
	var got []displayData
	for d := range displays {
		got = append(got, d)
	}
	want := []displayData{
		{Data: map[string]any{mimeText: "t\n"}},
		{Data: map[string]any{mimeText: "t\n", mimeHTML: "<b>h</b>"}},
		{Data: map[string]any{mimeText: "t\n", mimePNG: []byte("png")}, Metadata: map[string]any{mimePNG: map[string]any{"width": 760}}, DisplayID: "x"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the kernel got %#v", got)
	}
}

// If the kernel has ended, an error is returned, so that the text is written to standard output instead.
func TestKernelGone(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	k := newGonb(w, r)
	for range 2 { // it stays an error
		if k.display(bundle{text: "t"}) == nil {
			t.Error("no error")
		}
	}
}
