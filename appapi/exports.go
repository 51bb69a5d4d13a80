package appapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ErrExportFailed says that Customer.io did not finish an export.
var ErrExportFailed = errors.New("appapi: Customer.io could not make the export")

// Pauses between two checks whether an export is done.
const (
	firstPoll = time.Second
	lastPoll  = 15 * time.Second
)

// Wait waits until an export is done, and returns it. It checks every second at first, later every 15 seconds, until ctx ends. report, if
// it is not nil, is called after each check.
func (r Exports) Wait(ctx context.Context, exportID ID, report func(Export)) (Export, error) {
	for pause := firstPoll; ; pause = min(lastPoll, pause*3/2) {
		export, err := r.Get(ctx, exportID)
		if err != nil {
			return export, err
		}
		if report != nil {
			report(export)
		}
		switch {
		case export.Status == ExportStatusFailed || export.Failed:
			return export, ErrExportFailed
		case export.Status == ExportStatusDone:
			return export, nil
		}
		if err := sleep(ctx, pause); err != nil {
			return export, err
		}
	}
}

// downloadTries is how often a download that breaks off is resumed.
const downloadTries = 5

// Download writes the file of a finished export to w, and returns how many bytes it wrote. It requests a link to the file. If the download
// breaks off, it requests a new link and resumes. The App API key is not sent to the address of the link.
func (r Exports) Download(ctx context.Context, exportID ID, w io.Writer) (written int64, err error) {
	for try := 1; ; try++ {
		link, err := r.Link(ctx, exportID)
		if err != nil {
			return written, err
		}
		n, again, err := r.client.download(ctx, link, written, w)
		written += n
		switch {
		case err == nil:
			return written, nil
		case !again || try == downloadTries || ctx.Err() != nil:
			return written, fmt.Errorf("appapi: the download of an export broke off after %d bytes: %w", written, err)
		}
		if err := sleep(ctx, time.Duration(try)*time.Second); err != nil {
			return written, err
		}
	}
}

// download writes what follows the first skip bytes of the file. again says whether another try may help.
func (c *Client) download(ctx context.Context, link string, skip int64, w io.Writer) (n int64, again bool, _ error) {
	at, err := url.Parse(link)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" {
		return 0, false, errors.New("the link is not a URL")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return 0, false, errors.New("the link is not a URL")
	}
	plain := http.Client{Transport: c.http.Transport}
	resp, err := plain.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // its text repeats the link, which is a secret
		}
		return 0, true, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, true, errors.New("the link answered " + strconv.Itoa(resp.StatusCode) + " " + http.StatusText(resp.StatusCode))
	}
	if _, err := io.CopyN(io.Discard, resp.Body, skip); err != nil {
		return 0, true, err
	}
	out := &outlet{w: w}
	n, err = io.Copy(out, resp.Body)
	if out.err != nil {
		return n, false, out.err
	}
	if err == nil && resp.ContentLength >= 0 && skip+n != resp.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	return n, true, err
}

// outlet distinguishes an error of the writer from an error of the download.
type outlet struct {
	w   io.Writer
	err error
}

func (o *outlet) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	o.err = err
	return n, err
}

// PeopleTo exports the people who match the filter, and writes the file to w: it starts the export, waits for it and downloads it. report,
// if it is not nil, is called with the state of the export after each check.
func (r Exports) PeopleTo(ctx context.Context, filter Filter, w io.Writer, report func(Export)) (Export, error) {
	export, err := r.People(ctx, filter)
	return r.finish(ctx, export, err, w, report)
}

// DeliveriesTo exports deliveries and writes the file to w, as PeopleTo does.
func (r Exports) DeliveriesTo(ctx context.Context, which DeliveryExport, w io.Writer, report func(Export)) (Export, error) {
	export, err := r.Deliveries(ctx, which)
	return r.finish(ctx, export, err, w, report)
}

func (r Exports) finish(ctx context.Context, export Export, err error, w io.Writer, report func(Export)) (Export, error) {
	if err != nil {
		return export, err
	}
	if export, err = r.Wait(ctx, export.ID, report); err != nil {
		return export, err
	}
	_, err = r.Download(ctx, export.ID, w)
	return export, err
}
