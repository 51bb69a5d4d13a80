package source

import (
	"errors"
	"fmt"
	"strings"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/ciokit/cio/kit/internal/jsonvalue"
)

// parquetNode is a part of the schema of a Parquet file: a top-level column, or something within one.
type parquetNode struct {
	kind     parquetKind
	name     string
	key      []byte // the name as the key of a JSON object, with its colon
	typ      string // in words
	optional bool
	def      int // the definition level from which it has a value
	leaf     int // the first leaf below it, in the order of the file
	leaves   int // how many there are

	children []*parquetNode // of a group; key and value of a map
	item     *parquetNode   // of a list
	itemDef  int            // of a list or map: the definition level from which it has an item
	itemRep  int            // the repetition level of a further item
	write    parquetWriter  // of a leaf
}

type parquetKind uint8

const (
	parquetLeaf  parquetKind = iota
	parquetGroup             // a JSON object
	parquetList              // a JSON list
	parquetMap               // a JSON object with the keys of the map
)

// parquetDepth bounds how deeply columns are nested.
const parquetDepth = 64

// parquetSchema turns the elements of a file's schema, which are in depth-first order, into nodes.
type parquetSchema struct {
	elements []format.SchemaElement
	at       int
	leaves   int
}

var errParquetSchema = errors.New("its schema contradicts itself")

// parquetColumns returns the top-level columns and how many leaves there are below them.
func parquetColumns(elements []format.SchemaElement) ([]*parquetNode, int, error) {
	if len(elements) == 0 || elements[0].Type.Valid {
		return nil, 0, errParquetSchema
	}
	s := parquetSchema{elements: elements, at: 1}
	columns, err := s.childrenOf(&elements[0], 0, 0, 0)
	if err == nil && s.at != len(elements) {
		err = errParquetSchema
	}
	if err == nil && len(columns) == 0 {
		err = errors.New("it has no columns")
	}
	return columns, s.leaves, err
}

func (s *parquetSchema) childrenOf(e *format.SchemaElement, def, rep, depth int) ([]*parquetNode, error) {
	if e.NumChildren.V < 0 || int(e.NumChildren.V) > len(s.elements)-s.at {
		return nil, errParquetSchema
	}
	var list []*parquetNode
	for range e.NumChildren.V {
		n, err := s.node(def, rep, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// node reads the next element and what is below it. def and rep are the levels of its parent.
func (s *parquetSchema) node(def, rep, depth int) (*parquetNode, error) {
	if s.at >= len(s.elements) || depth > parquetDepth {
		return nil, errParquetSchema
	}
	e := &s.elements[s.at]
	s.at++
	n := &parquetNode{name: e.Name, key: append(jsonvalue.AppendText(nil, e.Name), ':'), leaf: s.leaves}
	repeated := e.RepetitionType.Valid && e.RepetitionType.V == format.Repeated
	switch {
	case repeated:
		def, rep = def+1, rep+1
	case e.RepetitionType.Valid && e.RepetitionType.V == format.Optional:
		n.optional = true
		def++
	}
	n.def = def
	if e.Type.Valid {
		s.leaves++
		n.write, n.typ = parquetWriterOf(e)
	} else {
		children, err := s.childrenOf(e, def, rep, depth)
		if err != nil {
			return nil, err
		}
		if len(children) == 0 {
			return nil, fmt.Errorf("the group %q is empty", e.Name)
		}
		n.group(e, children)
	}
	n.leaves = s.leaves - n.leaf
	if repeated { // each value of it is an item of a list
		list := *n
		list.kind, list.item, list.itemDef, list.itemRep, list.typ = parquetList, n, def, rep, "LIST<"+n.typ+">"
		return &list, nil
	}
	return n, nil
}

// group sets the fields of n for a group with these children.
func (n *parquetNode) group(e *format.SchemaElement, children []*parquetNode) {
	n.kind, n.children = parquetGroup, children
	isList, isMap := annotation(e)
	// A list or a map has one repeated child, which node has turned into a list.
	if inner := children[0]; (isList || isMap) && len(children) == 1 && inner.kind == parquetList && inner.item.def == inner.itemDef {
		item := inner.item
		pair := item.kind == parquetGroup && len(item.children) <= 2
		switch {
		case isMap && pair:
			n.kind, n.children = parquetMap, item.children
			n.itemDef, n.itemRep = inner.itemDef, inner.itemRep
		case isList:
			// The rules of the format for lists of older writers: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists
			if item.kind == parquetGroup && len(item.children) == 1 && item.name != "array" && item.name != e.Name+"_tuple" {
				item = item.children[0]
			}
			n.kind, n.item, n.children = parquetList, item, nil
			n.itemDef, n.itemRep = inner.itemDef, inner.itemRep
		}
	}
	n.typ = n.words()
}

// annotation says whether a group is marked as a list or a map.
func annotation(e *format.SchemaElement) (isList, isMap bool) {
	switch e.LogicalType.Value.(type) {
	case *format.ListType:
		return true, false
	case *format.MapType:
		return false, true
	}
	if !e.ConvertedType.Valid {
		return false, false
	}
	c := e.ConvertedType.V
	return c == deprecated.List, c == deprecated.Map || c == deprecated.MapKeyValue
}

// words is the type of a group.
func (n *parquetNode) words() string {
	var parts []string
	switch n.kind {
	case parquetList:
		return "LIST<" + n.item.typ + ">"
	case parquetMap:
		for _, c := range n.children {
			parts = append(parts, c.typ)
		}
		return "MAP<" + strings.Join(parts, ", ") + ">"
	}
	for _, c := range n.children {
		parts = append(parts, c.name+" "+c.typ)
	}
	return "STRUCT<" + strings.Join(parts, ", ") + ">"
}
