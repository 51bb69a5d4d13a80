package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/shop"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
	"github.com/spf13/cobra"
)

// demoKey is the write key of the demo's workspace.
const demoKey = "demo"

func newDemo(con console.Console) *cobra.Command {
	var addr string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Load a small shop into an emulated Customer.io, without an account",
		Long: `Make the data of a small shop, with mistakes in it. Load it over HTTP into an emulator of Customer.io on this machine, and show the
outcome of every row. On a terminal the emulator then keeps running until Ctrl-C, and you can open its page.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), con, addr, console.Terminal(con.Out))
		},
	}
	cmd.Flags().StringVar(&addr, "addr", destination.EmulatorAddr, "address of the emulator; if its port is taken, any free port")
	return cmd
}

// runDemo runs the demo. With stay, the emulator keeps running until ctx ends.
func runDemo(ctx context.Context, con console.Console, addr string, stay bool) error {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, destination.ErrAddrInUse) {
		host, _, _ := net.SplitHostPort(addr)
		l, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return exit.With(exit.Local, err)
	}
	srv := emulator.New(emulator.Config{})
	serveCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- serve(serveCtx, l, srv) }()

	dir, err := places.MkdirTemp("ciokit-demo-")
	if err == nil {
		defer os.RemoveAll(dir)
		d := &demo{out: con.Out, srv: srv, base: "http://" + l.Addr().String()}
		err = d.run(ctx, dir)
		if err == nil && stay {
			d.invite(dir)
			<-ctx.Done()
		}
	}
	stop()
	if serveErr := <-served; err == nil {
		err = serveErr
	}
	if ctx.Err() != nil && !stay {
		return exit.With(exit.Interrupted, exit.ErrInterrupted)
	}
	var ended *exit.Error
	if err != nil && !errors.As(err, &ended) {
		err = exit.With(exit.Local, err)
	}
	return err
}

type demo struct {
	out  io.Writer
	srv  *emulator.Server
	base string
}

func (d *demo) run(ctx context.Context, dir string) error {
	fmt.Fprintf(d.out, "A small shop moves to Customer.io. In this demo, an emulator on %s takes the place of Customer.io.\nThe files of the shop contain %d people, %d orders, %d phones, and a few mistakes, like real files.\n\n", d.base, shop.People, shop.Orders, shop.Devices)
	files, err := shop.Write(dir, "")
	if err != nil {
		return err
	}
	rejects, err := d.load(ctx, files)
	if err != nil {
		return err
	}
	fmt.Fprintln(d.out, "\nThese rows were rejected here and not sent:")
	for _, r := range rejects {
		fmt.Fprintln(d.out, "  "+r)
	}
	if err := d.showWorkspace(); err != nil {
		return err
	}
	return d.postUnchecked(ctx)
}

// invite says where to look around while the emulator runs.
func (d *demo) invite(dir string) {
	fmt.Fprintf(d.out, `
Look around, in a browser:
  %[1]s/
or from another terminal:
  curl -s '%[1]s/_emulator/people/c0007?key=%[2]s'
  curl -s '%[1]s/_emulator/messages?verdict=dropped&limit=5&key=%[2]s'
The files are in %[3]s. Ctrl-C ends the demo.
`, d.base, demoKey, dir)
}

// load loads the files through the loader and returns a line for every rejected row.
func (d *demo) load(ctx context.Context, files []shop.File) (rejects []string, err error) {
	t := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "file\trows\tmessages\taccepted\trejected\tunsent\trequests\t\n")
	for _, f := range files {
		client, err := cio.NewClient(cio.Config{APIKey: demoKey, BaseURL: d.base})
		if err != nil {
			return nil, err
		}
		s, err := loadFile(ctx, client, f)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", f.Name, s.Rows, s.Messages, s.Accepted, s.Rejected+s.RejectedByAPI, s.Unsent, s.Requests)
		for _, r := range s.First {
			rejects = append(rejects, f.Name+" "+describe(r))
		}
	}
	return rejects, t.Flush()
}

func loadFile(ctx context.Context, client *cio.Client, f shop.File) (load.Summary, error) {
	m, err := mapping.Read(f.Mapping)
	if err != nil {
		return load.Summary{}, err
	}
	src, err := source.Open(f.Path, source.Config{})
	if err != nil {
		return load.Summary{}, err
	}
	defer src.Close()
	return load.Run(ctx, load.Job{Source: src, Mapping: m, Client: client})
}

// showWorkspace shows what the emulator contains, and which messages it dropped although it had answered 200.
func (d *demo) showWorkspace() error {
	s, err := d.srv.Stats(demoKey)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\nThe workspace now contains %s, %s, %s, and %s.\n", plural.Count(s.People, "person", "people"), plural.Count(s.Events, "event", "events"),
		plural.Count(s.Devices, "phone", "phones"), plural.Count(s.Suppressed, "suppressed person", "suppressed people"))
	dropped, err := d.srv.Messages(emulator.MessagesQuery{Key: demoKey, Verdict: emulator.VerdictDropped})
	if err != nil || len(dropped.Messages) == 0 {
		return err
	}
	fmt.Fprintf(d.out, "%d messages were answered with 200, but %d of them were dropped: %s (an assumption: how Customer.io\nanswers for suppressed people is not documented).\n", s.Messages.Accepted+s.Messages.Dropped, len(dropped.Messages), dropped.Messages[0].Rule)
	return nil
}

// unchecked are calls as a script sends them, without strict mode and without a check of the rules.
var unchecked = []struct{ what, path, body string }{
	{"an order of nobody", "/v1/track", `{"event":"Order Completed","properties":{"order_id":"o90003"}}`},
	{"an order with a 40 kB note", "/v1/track", `{"userId":"c0009","event":"Order Completed","properties":{"note":"` + strings.Repeat("happy birthday! ", 2500) + `"}}`},
	{"traits of an anonymous visitor", "/v1/identify", `{"anonymousId":"visitor-1","traits":{"plan":"pro"}}`},
	{"an event without a name", "/v1/track", `{"userId":"c0009","properties":{"total":12}}`},
	{`"Delete Person", a name that does not exist`, "/v1/track", `{"userId":"c0009","event":"Delete Person"}`},
}

// postUnchecked shows what the same mistakes look like to a script that only reads the status.
func (d *demo) postUnchecked(ctx context.Context) error {
	fmt.Fprintln(d.out, "\nThe same mistakes, sent by a script that only checks the status:")
	t := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	for _, u := range unchecked {
		status, err := d.post(ctx, u.path, u.body)
		if err != nil {
			return err
		}
		last, err := d.srv.Messages(emulator.MessagesQuery{Key: demoKey, Limit: 1})
		if err != nil {
			return err
		}
		outcome := string(last.Messages[0].Verdict) + ": " + last.Messages[0].Rule
		if last.Messages[0].Verdict == emulator.VerdictAccepted {
			outcome = "stored as an ordinary event; nobody was deleted"
		}
		fmt.Fprintf(t, "  %s\tHTTP %d\t%s\n", u.what, status, outcome)
	}
	return t.Flush()
}

func (d *demo) post(ctx context.Context, path, body string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth(demoKey, "")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
