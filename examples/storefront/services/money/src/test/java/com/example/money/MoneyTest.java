package com.example.money;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

public class MoneyTest {
    @Test
    public void amountsAddUp() {
        assertEquals("3.05", new Money(199).plus(new Money(106)).toString());
    }
}
