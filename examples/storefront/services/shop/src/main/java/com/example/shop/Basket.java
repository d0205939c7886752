package com.example.shop;

import com.example.money.Money;
import java.util.ArrayList;
import java.util.List;

/** What somebody is about to buy. */
public class Basket {
    private final List<Money> prices = new ArrayList<>();

    public void add(Money price) {
        prices.add(price);
    }

    public Money total() {
        return prices.stream().reduce(new Money(0), Money::plus);
    }
}
