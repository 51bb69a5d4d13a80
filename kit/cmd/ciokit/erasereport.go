package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/spf13/cobra"
)

func newEraseReport(con console.Console) *cobra.Command {
	var keys eraseKeys
	var since, out string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "report DIR --out FILE", Short: "Check a receipt, and write a page about it, to be printed on A4", Args: cobra.ExactArgs(1),
		Long: `Check a receipt, and write a page about it, to be printed on A4: who ordered it, who approved it and who ran it, the counts by outcome, the
exceptions, the checkpoints, and how somebody else can check it. The page contains no identifier in clear. If somebody has changed the
receipt, no page is written. If its last entries are not signed, the page says so, and the exit code is 6.`,
		Example: `  ciokit erase report receipts/DSR-204 --keys keys.pub --out DSR-204.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return eraseReport(cmd.Context(), con, args[0], out, &keys, since, asJSON)
		},
	}
	keys.ringFlag(cmd)
	cmd.Flags().StringVar(&since, "since", "", "an older checkpoint of the receipt that was kept elsewhere: the receipt must still have all its entries, unchanged")
	cmd.Flags().StringVar(&out, "out", "", "file for the page, such as report.html; it is replaced if it is there (required)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func eraseReport(ctx context.Context, con console.Console, dir, out string, keys *eraseKeys, since string, asJSON bool) error {
	if out == "" {
		return exit.Fail(exit.Usage, "say where to write the page: --out FILE, such as report.html")
	}
	cfg, err := checkConfig(keys, since)
	if err != nil {
		return err
	}
	c, err := erasure.Check(dir, cfg)
	ended := eraseCheckExit(ctx, dir, err)
	if c == nil {
		return ended
	}
	err = atomicfile.Replace(out, func(w io.Writer) error {
		return erasure.WriteReport(w, c, erasure.ReportConfig{Receipt: filepath.Base(filepath.Clean(dir)), Tool: eraseTool})
	})
	if err != nil {
		return exit.With(exit.Local, err)
	}
	if asJSON {
		return errors.Join(ended, eraseJSON(con.Out, struct {
			Report string `json:"report"`
			eraseChecked
		}{out, checkedJSON(dir, c, ended)}))
	}
	fmt.Fprintf(con.Out, "Wrote %s.\n", eraseShort(out))
	return ended
}
