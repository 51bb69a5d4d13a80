package reportpage_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/load/reportpage"
)

// The page is self-contained: it can be sent by email, or kept with the rejects.
func ExampleWrite() {
	report := load.NewRecorder().Report(load.Summary{Rows: 3, Messages: 3, Accepted: 3, Complete: true}, load.ReportAbout{Source: "people.csv"}, nil)
	var page strings.Builder
	if err := reportpage.Write(&page, report); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(page.String(), "people.csv"))
	// Output: true
}
