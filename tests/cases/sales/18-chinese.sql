-- en: In Chinese: months of 2025 by product group as a Chinese reader sees them
-- zh: 中文标题：2025 年各月与产品组
with facts as (
  select case strftime('%m', invoice_date) when '01' then '一月' when '02' then '二月' when '03' then '三月'
           when '04' then '四月' when '05' then '五月' when '06' then '六月' when '07' then '七月' when '08' then '八月'
           when '09' then '九月' when '10' then '十月' when '11' then '十一月' else '十二月' end as month,
         case when no_product = '@not_yet_arrived' then '（尚未到达）' when coalesce(no_product, product_group, '@not_given') = '@not_given'
           then '（未填写）' else product_group end as product_group, revenue_e4
  from sales where strftime('%Y', invoice_date) = '2025' and country in ('China', 'United States'))
select month, product_group, sum(revenue_e4) as revenue__e4, count(*) from facts group by 1, 2
union all select month, '合计', sum(revenue_e4), count(*) from facts group by 1
