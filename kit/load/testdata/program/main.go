// A program that loads a file, or resumes a load whose id it is given.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

func main() {
	client, clientErr := cio.NewClient(cio.Config{APIKey: os.Getenv("CUSTOMERIO_API_KEY"), BaseURL: os.Getenv("CUSTOMERIO_URL")})
	rows, rowsErr := source.Open(os.Args[1], source.Config{})
	m, mappingErr := mapping.Read(os.Args[2])
	if err := errors.Join(clientErr, rowsErr, mappingErr); err != nil {
		log.Fatal(err)
	}
	job := load.Job{Source: rows, Mapping: m, Client: client, RejectsFile: "people.rejects.jsonl"}
	begin := func() (*load.Load, error) { return load.Start("runs", job) }
	if len(os.Args) > 3 {
		begin = func() (*load.Load, error) { return load.Resume("runs", os.Args[3], job) }
	}
	people, err := begin()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("run", people.ID())
	summary, err := people.Run(context.Background())
	fmt.Println(summary.Rows, "rows,", summary.Accepted, "accepted,", summary.Rejected, "rejected,", err)
}
