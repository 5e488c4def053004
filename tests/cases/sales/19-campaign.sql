-- en: Revenue and returns by the campaign that won the customer and by the seller's department, with subtotals
-- zh: 按获客活动类型与销售部门的销售额与退货额，含小计
with facts as (
  select coalesce(no_campaign, campaign_type, '@not_given') as campaign, coalesce(no_employee, department, '@not_given') as department,
         revenue_e4, case when quantity_e4 < 0 then revenue_e4 end as returns_e4, customer_id from sales)
select campaign, department, sum(revenue_e4) as revenue__e4, sum(returns_e4) as returns__e4, count(distinct customer_id)
from facts group by 1, 2
union all select campaign, '*', sum(revenue_e4), sum(returns_e4), count(distinct customer_id) from facts group by 1
union all select '*', '*', sum(revenue_e4), sum(returns_e4), count(distinct customer_id) from facts
