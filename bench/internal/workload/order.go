// Package workload makes the events for the measurements: the same orders for every client, in the form that it accepts.
package workload

import (
	"fmt"

	"github.com/ciokit/cio/events"
)

// Shape is how large an event is.
type Shape string

// The shapes. The size is the size of the whole message as this library writes it.
const (
	ShapeSmall Shape = "small" // about 300 bytes
	ShapeLarge Shape = "large" // about 1 KB
)

// Orders is how many different events there are, and how many people they belong to.
const Orders = 1024

// Order is one event in the two forms that clients accept.
type Order struct {
	UserID string
	Typed  events.OrderCompleted
	// Map has the same properties as prebuilt maps, slices and scalars.
	Map map[string]any
}

// EventName is the name of every event.
const EventName = "Order Completed"

// Make returns the events of that shape, the same ones each time.
func Make(s Shape) []Order {
	orders := make([]Order, Orders)
	for i := range orders {
		orders[i] = Build(s, i)
	}
	return orders
}

// Build returns the event with that number.
func Build(s Shape, i int) Order {
	o := Order{UserID: fmt.Sprintf("user-%06d", i)}
	o.Typed = BuildTyped(s, o.UserID, i)
	o.Map = BuildMap(s, o.UserID, i)
	return o
}

// BuildTyped returns only the typed form.
func BuildTyped(s Shape, user string, i int) events.OrderCompleted {
	total := amount(i)
	e := events.OrderCompleted{OrderID: user, Total: new(total), Coupon: "AUTUMN", Currency: "EUR"}
	if s == ShapeLarge {
		e.CheckoutID, e.Affiliation = "checkout-0001", "Webshop Europe"
		e.Subtotal, e.Revenue, e.Shipping, e.Tax, e.Discount = new(total-5), new(total-7), new(4.95), new(2.38), new(1.5)
		e.Products = make([]events.Product, 0, products)
		for p := range products {
			e.Products = append(e.Products, events.Product{ProductID: productIDs[p], SKU: skus[p], Name: names[p], Brand: "Fine Goods", Category: "Household", Price: new(amount(i + p)), Quantity: new(p + 1)})
		}
	}
	return e
}

// BuildMap returns only the map form.
func BuildMap(s Shape, user string, i int) map[string]any {
	total := amount(i)
	m := map[string]any{"order_id": user, "total": total, "coupon": "AUTUMN", "currency": "EUR"}
	if s == ShapeLarge {
		m["checkout_id"], m["affiliation"] = "checkout-0001", "Webshop Europe"
		m["subtotal"], m["revenue"], m["shipping"], m["tax"], m["discount"] = total-5, total-7, 4.95, 2.38, 1.5
		list := make([]any, 0, products)
		for p := range products {
			list = append(list, map[string]any{"product_id": productIDs[p], "sku": skus[p], "name": names[p], "brand": "Fine Goods", "category": "Household", "price": amount(i + p), "quantity": p + 1})
		}
		m["products"] = list
	}
	return m
}

const products = 4

var (
	productIDs = [products]string{"product-00001", "product-00002", "product-00003", "product-00004"}
	skus       = [products]string{"TEA-001", "CUP-017", "POT-103", "BOX-220"}
	names      = [products]string{"Green tea", "Porcelain cup", "Cast iron pot", "Gift box, large"}
)

func amount(i int) float64 { return float64(1000+i*7919%90000) / 100 }
